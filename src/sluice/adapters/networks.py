"""Which addresses belong to everybody, and which are somebody's own network. Does no I/O.

Sources: the IANA special-purpose address registries for IPv4 and IPv6 (RFC 6890).
"""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

Address = IPv4Address | IPv6Address

# `is_global` of Python knows most of the registries, and differs from version to version: all that
# must never be reached is named here too.
CLOSED = tuple(
    ip_network(one)
    for one in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",
        "100.64.0.0/10",  # between a provider and its customers
        "127.0.0.0/8",
        "168.63.129.16/32",  # Azure's own services, seen from inside a machine there
        "169.254.0.0/16",  # link-local, and what clouds tell their machines about themselves
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",  # relays into 6to4
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",
        "2001::/23",  # Teredo, which embeds IPv4 addresses, and others of IETF protocols
        "2001:db8::/32",
        "2002::/16",  # 6to4, which embeds them too
        "3fff::/20",
    )
)
# All that is given out of IPv6. Outside are loopback, private, link-local and multicast networks,
# and those that embed an IPv4 address: mapped, compatible, NAT64.
GIVEN_OUT = ip_network("2000::/3")
# An interface that embeds an IPv4 address (ISATAP, RFC 5214, 6.1), whatever its network.
ISATAP = {0x00005EFE, 0x02005EFE}


def address_in(host: str) -> Address | None:
    """The address that a host is written as; None for a name."""
    try:
        return ip_address(host)
    except ValueError:
        return None


def is_public(address: Address) -> bool:
    """Whether it can be reached by everybody, and embeds no other address."""
    if isinstance(address, IPv6Address):
        embeds = (int(address) >> 32) & 0xFFFFFFFF in ISATAP
        if address not in GIVEN_OUT or embeds or address.scope_id is not None:
            return False
    return address.is_global and not any(address in network for network in CLOSED)
