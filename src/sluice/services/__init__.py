"""What people do here, whatever dialect they speak."""
