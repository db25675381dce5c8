"""Rules that look at several objects of a site at once: clashes, capacities, order, what a release allows.

A rule takes a :class:`~hivewright.rules.site_index.SiteIndex` and yields diagnostics. Names that refer to nothing are
another matter (``load``); a rule passes over them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hivewright.diagnostics import Diagnostic
from hivewright.rules.devices import devices, further, passthrough, sriov, tpm
from hivewright.rules.host import capacity, order, placement, shutdown, versions
from hivewright.rules.machine import arguments, firmware, guest, limits, machine, numa, pitfalls
from hivewright.rules.network import addresses, gateways, kinds, networks, taps
from hivewright.rules.site_index import Rule, index_site
from hivewright.rules.storage import buses, clones, images, iscsi, properties, storage

if TYPE_CHECKING:
    from hivewright.site import Site

RULES: tuple[Rule, ...] = (
    versions.host_release,
    versions.host_capabilities,
    placement.one_host,
    placement.host_repeated,
    placement.hosts_alike,
    placement.names_alike,
    addresses.same_uuid,
    addresses.same_mac,
    addresses.same_ip,
    addresses.same_vnc_port,
    gateways.gateways,
    gateways.address_untold,
    devices.same_slot,
    devices.same_tap,
    devices.same_selector,
    passthrough.same_passthrough,
    passthrough.passthrough_moves,
    passthrough.device_rom,
    passthrough.cards_apart,
    sriov.one_source,
    sriov.useless_keys,
    sriov.functions_exist,
    sriov.settings,
    sriov.same_mac,
    further.release_offers,
    further.keys_together,
    further.same_serial_port,
    further.one_terminal,
    further.same_input,
    further.channel_ports,
    further.share_tags,
    versions.on_arm64,
    firmware.firmware_kind,
    firmware.own_rom,
    firmware.without_use,
    firmware.loader_needs,
    versions.firmware_variables,
    versions.resolution,
    versions.vnc_waits,
    versions.stub_waits,
    machine.machine_on_arm64,
    machine.machine_since,
    machine.acpi_always,
    machine.mp_table,
    machine.kept_and_destroyed,
    machine.firmware_file_content,
    machine.same_firmware_file,
    networks.network_absent,
    networks.name_too_long,
    networks.same_bridge,
    networks.same_uplink,
    networks.uplink_is_bridge,
    networks.mtu_too_large,
    networks.tap_prefix,
    kinds.release_of_kind,
    kinds.address_in_nat,
    kinds.routed_addresses,
    kinds.forwards,
    kinds.same_forward,
    kinds.dhcp_range,
    kinds.useless_keys,
    kinds.vlan_twice,
    kinds.ipfw_number,
    kinds.vxlan_group,
    taps.tap_needed,
    taps.limits_nothing,
    taps.number_of_limits,
    taps.uplink_word,
    storage.storage_absent,
    storage.disk_source,
    storage.size_in_blocks,
    storage.sector_size,
    buses.options_of_buses,
    buses.controller_ports,
    buses.boot_order,
    storage.same_path,
    iscsi.iscsi_disk,
    iscsi.same_lun,
    iscsi.same_session,
    clones.clone_storage,
    clones.clone_source,
    clones.clone_blocks,
    storage.volume_names,
    properties.directory_is_root,
    properties.properties,
    images.image_source,
    images.image_format,
    images.drive_source,
    capacity.topology_product,
    capacity.pins,
    capacity.cpus_of_one,
    capacity.cpus_of_all,
    tpm.tpm,
    tpm.same_tpm,
    numa.numa,
    capacity.memory_form,
    capacity.memory_of_one,
    capacity.memory_of_all,
    order.after_possible,
    order.after_circle,
    limits.resource_rules,
    limits.cpu_sets,
    shutdown.shutdown_fits,
    arguments.extra_args,
    pitfalls.misspelt_variables,
    pitfalls.stays_behind,
    pitfalls.cannot_be_saved,
    pitfalls.cpus_unseen,
    guest.ssh_keys,
    guest.user_data,
)
"""Every rule, in the order in which its diagnostics are reported."""


def check_rules(site: Site) -> list[Diagnostic]:
    """All faults of a validated site that only show when its objects are seen together."""
    index = index_site(site)
    return [diagnostic for rule in RULES for diagnostic in rule(index)]
