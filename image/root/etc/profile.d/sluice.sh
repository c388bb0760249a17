# SPDX-License-Identifier: BSD-3-Clause
# Who comes by SSH to a terminal lands in the shell of the appliance: an administrator as root, others as
# themselves, and sluiced knows what their role may do. Where that cannot start, bash must do.
case $- in
*i*)
	if [ -n "$SSH_TTY" ] && [ "$(id -u)" != 0 ]; then
		case " $(id -Gn) " in
		*' sluice-admin '*) sudo -n /usr/bin/sluice shell && exit ;;
		*' sluice-viewer '*) /usr/bin/sluice shell && exit ;;
		esac
	fi
	;;
esac
