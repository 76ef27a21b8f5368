"""What has a past, and where it is kept: histories of eager calls, channels of traced steps."""
