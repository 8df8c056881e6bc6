"""Who goes from a video to a table beside mien, for scripts/bench/predict.py.

    material   the encoder's companions: a detector, a run, a clip of the first frame
    facenet    the package's detector beside stand-ins for what it asks for
    finding    from frames to aligned faces
    head       a run's head in PyTorch
    passes     from a video to a table
    worker     a process that holds one Python contender
    processes  the processes, and mien's
    agreement  how far both tables are from each other
    report     the tables and the JSON
"""
