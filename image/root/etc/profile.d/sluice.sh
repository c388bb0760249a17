# SPDX-License-Identifier: BSD-3-Clause
# Who comes by SSH to a terminal lands in the shell of the appliance. Where that cannot start, bash must do.
case $- in
*i*)
	if [ -n "$SSH_TTY" ] && [ "$(id -u)" != 0 ] && id -Gn | grep -qw sluice-admin; then
		sudo -n /usr/bin/sluice shell && exit
	fi
	;;
esac
