"""Which addresses a server may be asked to fetch from: those of the public internet, and no other."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

# Beside what `is_global` refuses: it knows these in some Python releases only, or calls them public.
_CLOSED = tuple(
    map(
        ip_network,
        (
            "0.0.0.0/8",
            "100.64.0.0/10",  # carriers' and clouds' inner networks
            "168.63.129.16/32",  # Azure's own services, from its machines only
            "192.0.0.0/24",  # protocol assignments; Oracle's metadata is at 192.0.0.192
            "192.31.196.0/24",
            "192.52.193.0/24",
            "192.88.99.0/24",  # 6to4 relays
            "192.175.48.0/24",
            "198.18.0.0/15",
            "224.0.0.0/3",
            "2001::/23",  # Teredo and others that carry an IPv4 address
            "2001:db8::/32",
            "2002::/16",  # 6to4: an IPv4 address of any kind
            "2620:4f:8000::/48",
            "3ffe::/16",
            "3fff::/20",
            "5f00::/16",
        ),
    )
)
# All that was ever given out for the public internet. Outside are the forms that carry an IPv4 address
# (mapped, compatible, NAT64), local ones of each kind (fc00::/7, fe80::/10, fec0::/10) and groups (ff00::/8).
_PUBLIC_6 = ip_network("2000::/3")


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the public internet; anything that is no plain address does not."""
    try:
        parsed: IPv4Address | IPv6Address = ip_address(address)
    except ValueError:
        return False
    if not parsed.is_global or parsed.is_multicast or parsed.is_reserved:
        return False
    if parsed.version == 6 and (parsed.scope_id or parsed not in _PUBLIC_6):
        return False
    return not any(parsed in network for network in _CLOSED if network.version == parsed.version)
