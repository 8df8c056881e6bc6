"""Features that were computed elsewhere, as a bank: what scripts/import_features.py is made of.

    image_names   from a path to video and image; which frame an image is, as `mien encode` numbers them
    layouts       the three ways in which a file may arrange features, each read a few rows at a time
    hdf5_file     .h5, .hdf5
    numpy_file    .npy
    torch_file    .pt, .pth
    index         which rows of which file belong to a video
    path_list     the text file of --paths
    video_rows    the rows of one video: numbered, rounded, failed ones apart
    encoder_facts what is known of the encoder
    bank          bank.json and a file a video, in a folder that appears whole or not at all
"""
