"""Measurements that the README quotes. encode.py, train.py, predict.py,
evaluate.py, submit.py, encode_memory.py and train_memory.py are the ones to run.

    made_up      facts of an encoder that is none, label files
    faces        a folder of JPEG faces, as the crops of a data set
    models       an archive made ready by PyTorch, ONNX Runtime or OpenVINO
    pipeline     from files to embeddings in Python
    serving      how a process that holds a contender answers
    worker       such a process for encode.py
    contenders   who takes part, and the processes that stand for them
    schedule     repetitions that take turns
    report       the table and the JSON
    options      what the command lines share
    train_contenders    all of this for train.py
    predict_contenders  all of this for predict.py
"""
