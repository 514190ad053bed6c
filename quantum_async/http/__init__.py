"""The one seam to the network: sessions, retries, pacing, credentials and error mapping."""
