#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Image and flavor for OpenStack: upload.sh build/image/sluice.qcow2
# Dedicated CPUs and large pages; `isolate` where the hosts have SMT. hw_viommu_model takes Nova 2023.1.
set -eu
image=${1:?usage: upload.sh sluice.qcow2}

openstack image create sluice \
	--disk-format qcow2 --container-format bare --file "$image" \
	--property hw_disk_bus=virtio \
	--property hw_vif_model=virtio \
	--property hw_vif_multiqueue_enabled=true \
	--property hw_machine_type=q35 \
	--property hw_viommu_model=intel \
	--property hw_watchdog_action=reset \
	--property os_distro=debian

openstack flavor create sluice.4 --vcpus 4 --ram 8192 --disk 8 \
	--property hw:cpu_policy=dedicated \
	--property hw:cpu_thread_policy=isolate \
	--property hw:mem_page_size=large \
	--property hw:numa_nodes=1 \
	--property hw:pci_numa_affinity_policy=required
