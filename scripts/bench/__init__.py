"""Measurements that the README quotes. scripts/bench/encode.py is the one to run.

    faces        a folder of JPEG faces, as the crops of a data set
    models       an archive made ready by PyTorch, ONNX Runtime or OpenVINO
    pipeline     from files to embeddings in Python
    worker       a process that holds one contender and measures when told to
    contenders   who takes part, and the processes that stand for them
    schedule     repetitions that take turns
    report       the table and the JSON
"""
