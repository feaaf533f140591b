"""What the registry is compared with: other people's routers, and the designs that were not chosen."""
