"""Bones whose shape is known: femora and their neighbours, limbs, joints, fractures, marrow canals, CT volumes."""
