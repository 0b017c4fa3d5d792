"""Who computes: windows and their leases, who takes part, who pauses, who gets no more work."""
