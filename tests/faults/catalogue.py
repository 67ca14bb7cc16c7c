# SPDX-License-Identifier: Apache-2.0
"""All campaigns, in the order in which they are carried out."""
from disks import FullDisks, PowerCuts
from kills import Kills, Pauses, Uploads
from network import Namespaces, Proxied

CAMPAIGNS = [Kills, Pauses, Uploads, PowerCuts, FullDisks, Namespaces, Proxied]
