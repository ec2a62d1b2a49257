"""What stands in where nothing can be read: the CPU and the memory, estimated."""
