#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Launches an appliance: launch.sh AMI RULES MANAGEMENT-SUBNET INSIDE-SUBNET OUTSIDE-SUBNET KEY
# One thread to a core, IMDSv2 alone, and no source/destination check on the ports that forward.
set -eu
[ $# -eq 6 ] || { echo 'usage: launch.sh AMI RULES MANAGEMENT-SUBNET INSIDE-SUBNET OUTSIDE-SUBNET KEY' >&2; exit 2; }
ami=$1 rules=$2 management=$3 inside=$4 outside=$5 key=$6

instance=$(aws ec2 run-instances --image-id "$ami" --instance-type c6in.2xlarge --key-name "$key" \
	--cpu-options CoreCount=4,ThreadsPerCore=1 \
	--metadata-options HttpTokens=required,HttpEndpoint=enabled \
	--user-data "file://$rules" \
	--network-interfaces \
	"DeviceIndex=0,SubnetId=$management" \
	"DeviceIndex=1,SubnetId=$inside" \
	"DeviceIndex=2,SubnetId=$outside" \
	--query 'Instances[0].InstanceId' --output text)

for index in 1 2; do
	interface=$(aws ec2 describe-network-interfaces --output text \
		--filters "Name=attachment.instance-id,Values=$instance" "Name=attachment.device-index,Values=$index" \
		--query 'NetworkInterfaces[0].NetworkInterfaceId')
	aws ec2 modify-network-interface-attribute --network-interface-id "$interface" --no-source-dest-check
done
echo "$instance"
