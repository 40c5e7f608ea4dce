"""Pictures, sounds and videos: where they lie, what identifies them, and how the vendor gets them."""
