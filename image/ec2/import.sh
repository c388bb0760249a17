#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Makes an AMI of the raw disk: import.sh build/image/sluice.raw BUCKET
# The bucket is yours, and the account has the role `vmimport`. Prints the AMI's id.
set -eu
raw=${1:?usage: import.sh sluice.raw BUCKET}
bucket=${2:?usage: import.sh sluice.raw BUCKET}

aws s3 cp "$raw" "s3://$bucket/sluice.raw" >&2
task=$(aws ec2 import-snapshot --query ImportTaskId --output text \
	--disk-container "Format=raw,UserBucket={S3Bucket=$bucket,S3Key=sluice.raw}")
aws ec2 wait snapshot-imported --import-task-ids "$task"
snapshot=$(aws ec2 describe-import-snapshot-tasks --import-task-ids "$task" \
	--query 'ImportSnapshotTasks[0].SnapshotTaskDetail.SnapshotId' --output text)

aws ec2 register-image --name sluice --architecture x86_64 \
	--virtualization-type hvm --boot-mode uefi-preferred \
	--ena-support --imds-support v2.0 \
	--root-device-name /dev/xvda \
	--block-device-mappings "DeviceName=/dev/xvda,Ebs={SnapshotId=$snapshot,VolumeSize=8,VolumeType=gp3}" \
	--query ImageId --output text
