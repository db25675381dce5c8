#!/bin/sh
# A hook of CBSD, as it is: it knows the names of CBSD alone.
# shellcheck disable=SC2154
echo "$jname $ip4_addr $ipv4_first_private $ipv6_first $nic_hwaddr0 $mytap0 $dsk0_path $vm_vnc_port $vm_cpus $vm_ram" \
	>/tmp/cbsd
echo "${ipv4_first_public-none} ${nic_parent0} ${data} ${bhyve_vnc_tcp_bind} ${vnc_password-none}" >>/tmp/cbsd
