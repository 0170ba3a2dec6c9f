"""The command `xrayto3d`: one file a command."""
