"""The families that the studio plays, one file each."""
