"""What `sluice check` asks of a running server, as any client would, over the network only."""
