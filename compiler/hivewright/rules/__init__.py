"""Rules that look at several objects of a site at once: clashes, capacities, order, what a release allows.

A rule takes a :class:`~hivewright.rules.site_index.SiteIndex` and yields diagnostics. References to missing objects are
reported by ``site.references``; rules skip them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from hivewright.diagnostics import Diagnostic, Place, merged
from hivewright.rules.devices import agent, channels, input_devices, passthrough, pci_slots, serial, shares, sriov, tpm
from hivewright.rules.host import capacity, copies, former, order, placement, shutdown, support
from hivewright.rules.machine import (
    arguments,
    events,
    firmware,
    first_boot,
    hooks,
    limits,
    logins,
    memory,
    numa,
    options,
    pairs,
    profiles,
    readers,
    saving,
    warnings,
    ways_out,
    windows,
    written_files,
)
from hivewright.rules.network import addresses, gateways, interfaces, kinds, ports, subnets, taps, translation, uplinks
from hivewright.rules.site_index import Owner, Rule, SiteIndex, index_site
from hivewright.rules.storage import buses, clones, disks, images, iscsi, properties, writers

if TYPE_CHECKING:
    from hivewright.site import Site

RULES: tuple[Rule, ...] = (
    support.host_release,
    support.supported,
    placement.host_called_runtime,
    placement.one_host,
    placement.host_repeated,
    placement.hosts_alike,
    placement.names_alike,
    placement.aliases,
    former.former_names,
    former.one_heir,
    former.former_host,
    copies.copies,
    pairs.disks_come_along,
    pairs.disks_in_one_host,
    pairs.memory_comes_along,
    addresses.same_uuid,
    addresses.same_mac,
    addresses.same_ip,
    addresses.same_vnc_port,
    gateways.gateways,
    gateways.routes,
    gateways.same_route,
    gateways.address_untold,
    pci_slots.same_slot,
    taps.same_tap,
    passthrough.same_selector,
    passthrough.same_passthrough,
    passthrough.passthrough_moves,
    passthrough.cards_apart,
    sriov.one_source,
    sriov.useless_keys,
    sriov.functions_exist,
    sriov.settings,
    sriov.same_mac,
    serial.keys_together,
    serial.log_needs_window,
    serial.same_serial_port,
    serial.same_device,
    serial.one_terminal,
    input_devices.same_input,
    input_devices.one_tablet,
    channels.channel_ports,
    agent.agent_is_there,
    agent.one_readiness,
    shares.share_tags,
    firmware.own_rom,
    firmware.without_use,
    firmware.never_installed,
    firmware.loader_needs,
    warnings.vnc_waits,
    warnings.stub_waits,
    options.mp_table,
    options.kept_and_destroyed,
    options.firmware_file_content,
    options.same_firmware_file,
    interfaces.network_absent,
    interfaces.name_too_long,
    interfaces.kernels_name,
    interfaces.same_bridge,
    uplinks.same_uplink,
    uplinks.uplink_is_bridge,
    uplinks.vlan_beside_plain,
    uplinks.address_on_member,
    uplinks.wireless_uplink,
    interfaces.mtu_too_large,
    taps.tap_prefix,
    ports.existing_interface,
    ports.existing_without_bridge,
    ports.existing_is_of_network,
    ports.span_is_member,
    ports.span_of_network,
    kinds.address_in_nat,
    kinds.routed_addresses,
    kinds.forwards,
    kinds.same_forward,
    kinds.dhcp_range,
    translation.nat_gateway,
    translation.takes_ssh,
    translation.address_is_outside,
    subnets.nat_overlaps,
    subnets.prefix_differs,
    kinds.useless_keys,
    kinds.vlan_twice,
    kinds.ipfw_number,
    kinds.vxlan_group,
    taps.tap_needed,
    taps.limits_nothing,
    taps.number_of_limits,
    taps.uplink_word,
    disks.storage_absent,
    disks.disk_source,
    disks.size_in_blocks,
    disks.sector_size,
    buses.options_of_buses,
    buses.controller_ports,
    buses.controller_unused,
    buses.boot_order,
    writers.same_path,
    iscsi.iscsi_disk,
    iscsi.same_lun,
    iscsi.same_session,
    clones.clone_storage,
    clones.clone_source,
    clones.clone_blocks,
    disks.volume_names,
    properties.directory_is_root,
    properties.properties,
    images.image_source,
    images.image_keys,
    images.image_format,
    images.image_fits,
    images.variables_are_raw,
    images.drive_source,
    capacity.topology_product,
    capacity.pins,
    capacity.cpus_of_one,
    capacity.cpus_of_all,
    tpm.tpm,
    tpm.same_tpm,
    numa.numa,
    memory.memory_form,
    capacity.memory_of_one,
    capacity.memory_of_all,
    order.after_possible,
    order.after_circle,
    limits.resource_rules,
    limits.cpu_sets,
    shutdown.shutdown_fits,
    logins.one_login,
    logins.account_is_made,
    hooks.refusals,
    hooks.never_run,
    events.one_event,
    events.events_apart,
    events.carp_and_owner,
    arguments.extra_args,
    warnings.misspelt_variables,
    warnings.stays_behind,
    saving.cannot_be_saved,
    saving.nothing_saves_it,
    saving.no_place_to_wait,
    warnings.cpus_unseen,
    first_boot.ssh_keys,
    first_boot.user_data,
    written_files.written_file_content,
    written_files.same_written_file,
    written_files.ignition_reaches,
    written_files.ignition_has_no_drive,
    readers.nothing_reads,
    readers.nobody_logs_in,
    readers.known_password,
    readers.not_followed,
    ways_out.ways_out,
    profiles.architecture,
    profiles.smallest,
    windows.sockets,
    windows.drivers,
)
"""Every rule, in the order in which its diagnostics are reported."""


def check_rules(site: Site) -> list[Diagnostic]:
    """The diagnostics of all rules for a validated site."""
    index = index_site(site)
    profiles = {file for key, file in site.homes.items() if key[0] == "profile"}

    def of_several_vms(place: Place) -> bool:
        return place.path[:1] in (("defaults",), ("template",)) or place.file in profiles

    return merged((diagnostic for rule in RULES for diagnostic in rule(index)), of_several_vms)


CLAIMS: Mapping[str, Callable[[SiteIndex], Iterator[tuple[object, Owner]]]] = {
    "name": former.former_claims,
    "mac": addresses.mac_claims,
    "uuid": addresses.uuid_claims,
    "ip": addresses.ip_claims,
    "interface": taps.interface_claims,
    "unit": iscsi.unit_claims,
    "console": serial.console_claims,
    "vnc": serial.port_claims,
}
"""What is compared between VMs of different hosts, by rules or with locks; all else is compared on each host.

Addresses of one subnet as well, whose prefix lengths have to be the same (``Claims.prefixes``).
"""


class Claims(NamedTuple):
    """What VMs have, and may not have as well where they have no host in common."""

    alone: Mapping[str, list[str]]
    """VM -> what no other VM may have, each as one text that begins with its kind."""
    prefixes: Mapping[str, set[str]]
    """Subnet, as one text -> the addresses with prefix lengths by which VMs and hosts think of it."""
    subnets: Mapping[str, list[str]]
    """VM -> its addresses with their lengths, its networks, and the hosts that are on these because of it."""


def site_claims(site: Site) -> Claims:
    """The claims of all VMs of a site."""
    index = index_site(site)
    alone: dict[str, list[str]] = {name: [claim_text("name", name)] for name in site.vms}
    for kind, claims in CLAIMS.items():
        for key, owner in claims(index):
            alone[owner[0]].append(claim_text(kind, key))
    prefixes: dict[str, set[str]] = {}
    found: dict[str, list[str]] = {name: [] for name in site.vms}
    for scope, owner, text in subnets.prefix_claims(index):
        prefixes.setdefault(repr(scope), set()).add(text)
        if len(owner) > 3:
            found[owner[0]].append(f"{scope} {text}")
    for name, _, nic in index.nics:
        found[name].append(f"{nic.network} {index.hosts_of[name]}")
    return Claims(alone, prefixes, found)


def claim_text(kind: str, key: object) -> str:
    """A claim as ``Claims`` and the memory of a build have it."""
    return f"{kind} {key}"


def lengths_of(prefixes: Mapping[str, Iterable[str]]) -> dict[str, set[str]]:
    """The prefix lengths of each subnet."""
    return {subnet: {text.rpartition("/")[2] for text in texts} for subnet, texts in prefixes.items()}


def prefixes_differ(texts: Collection[str]) -> bool:
    """Whether two addresses of one subnet are in one network, of which they think differently."""
    return len({text.rpartition("/")[2] for text in texts}) > 1 and subnets.some_differ(texts)
