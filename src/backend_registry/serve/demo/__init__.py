"""`--demo`: a small cluster in one process, made of real parts, and somebody who talks to it.

Servers that repeat what they are asked play the backends. The process itself is one node, with its gateway and a hub; the other
nodes each have a registry, health checks, an API on loopback and a reporter of their own. Nothing that the hub shows is made
up: what fails does fail, and is found out as it would be anywhere.

`fleet` says what there is, `nodes` what a node is made of, `traffic` what is asked, `weather` what goes wrong and when, and
`settings` what differs from the defaults, `log` what is not logged. `cluster` puts it together.
"""

from backend_registry.serve.demo.cluster import Demo, demo_servers
from backend_registry.serve.demo.fleet import OWN_NODE
from backend_registry.serve.demo.log import few_lines
from backend_registry.serve.demo.settings import demo_settings

__all__ = ("OWN_NODE", "Demo", "demo_servers", "demo_settings", "few_lines")
