"""Collections from the network, unpacked with care."""
