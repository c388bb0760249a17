/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/device.h"

#include <dirent.h>
#include <errno.h>
#include <rte_dev.h>
#include <rte_ethdev.h>
#include <rte_ether.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "layout.h"

static int attach(const char *bus, const char *name, const char *arguments, uint16_t *ethdev)
{
	struct rte_dev_iterator iterator;
	char filter[512];
	uint16_t port;
	int error = rte_eal_hotplug_add(bus, name, arguments);

	if (error)
		return error;
	if (rte_eth_dev_get_port_by_name(name, ethdev) == 0)
		return 0;
	/* A PCI device may be a port of another name (a bifurcated one is several). */
	snprintf(filter, sizeof(filter), "%s:%s", bus, name);
	RTE_ETH_FOREACH_MATCHING_DEV (port, filter, &iterator) {
		*ethdev = port;
		rte_eth_iterator_cleanup(&iterator);
		return 0;
	}
	rte_eal_hotplug_remove(bus, name);
	return -ENODEV;
}

static int attach_vdev(const char *device, uint16_t *ethdev)
{
	const char *comma = strchr(device, ',');
	size_t length = comma ? (size_t)(comma - device) : strlen(device);
	char name[64];

	if (length == 0 || length >= sizeof(name))
		return -EINVAL;
	memcpy(name, device, length);
	name[length] = '\0';
	return attach("vdev", name, comma ? comma + 1 : "", ethdev);
}

/* Is the PCI device a network one that a userspace driver holds? */
static bool userspace_nic(const char *address)
{
	char path[512], link[512];
	unsigned int class = 0;
	const char *driver;
	ssize_t n;
	FILE *f;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/class", address);
	f = fopen(path, "re");
	if (!f)
		return false;
	n = fscanf(f, "%x", &class);
	fclose(f);
	if (n != 1 || class >> 16 != 0x02)
		return false;
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/driver", address);
	n = readlink(path, link, sizeof(link) - 1);
	if (n < 0)
		return false;
	link[n] = '\0';
	driver = strrchr(link, '/');
	driver = driver ? driver + 1 : link;
	return strcmp(driver, "vfio-pci") == 0 || strcmp(driver, "igb_uio") == 0 ||
	       strcmp(driver, "uio_pci_generic") == 0 || strcmp(driver, "mlx5_core") == 0;
}

static int attach_mac(const char *text, uint16_t *ethdev)
{
	struct rte_ether_addr want, have;
	struct dirent *entry;
	int error = -ENODEV;
	DIR *devices;

	if (rte_ether_unformat_addr(text, &want) < 0)
		return -EINVAL;
	devices = opendir("/sys/bus/pci/devices");
	if (!devices)
		return -errno;
	while (error && (entry = readdir(devices))) {
		if (entry->d_name[0] == '.' || !userspace_nic(entry->d_name))
			continue;
		if (rte_eth_dev_get_port_by_name(entry->d_name, ethdev) == 0)
			continue; /* another interface has it */
		if (attach("pci", entry->d_name, "", ethdev) < 0)
			continue;
		if (rte_eth_macaddr_get(*ethdev, &have) == 0 && rte_is_same_ether_addr(&want, &have))
			error = 0;
		else
			sl_device_detach(*ethdev);
	}
	closedir(devices);
	return error;
}

int sl_device_attach(uint8_t kind, const char *device, uint16_t *ethdev)
{
	switch (kind) {
	case SL_PORT_PCI:
		return attach("pci", device, "", ethdev);
	case SL_PORT_MAC:
		return attach_mac(device, ethdev);
	case SL_PORT_VDEV:
		return attach_vdev(device, ethdev);
	default:
		return -EINVAL;
	}
}

void sl_device_detach(uint16_t ethdev)
{
	struct rte_eth_dev_info info;
	int known = rte_eth_dev_info_get(ethdev, &info);

	rte_eth_dev_stop(ethdev);
	rte_eth_dev_close(ethdev);
	if (known == 0 && info.device)
		rte_dev_remove(info.device);
}
