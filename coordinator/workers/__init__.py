"""Who computes: leases, who holds them, and who gets none."""
