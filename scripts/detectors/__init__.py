"""Face detectors as TorchScript archives for `mien crop`."""
