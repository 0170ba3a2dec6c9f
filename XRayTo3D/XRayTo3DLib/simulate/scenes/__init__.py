"""Random radiographs of whole limbs, with their truth: what networks are trained and tested on."""
