"""Drawing of one frame: 12 action-unit intensities, a person and a setting -> uint8 RGB [112,112,3]."""
