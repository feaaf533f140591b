"""What the admin page costs in a browser: a fleet that changes, and a look at what the browser does meanwhile."""
