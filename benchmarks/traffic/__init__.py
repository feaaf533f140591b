"""Everything on the wire of the gateway's benchmark: a fast backend, a load generator, and the proxies between them."""
