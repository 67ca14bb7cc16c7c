# SPDX-License-Identifier: Apache-2.0
"""All campaigns, in the order in which they are carried out."""
from clocks import Clocks, FakedMonotonic
from damage import Damage
from disks import FullDisks, PowerCuts
from failpoints import Failpoints
from kills import Kills, Pauses, Uploads
from network import Namespaces, Proxied
from nth_call import NthCall
from upgrade import Upgrade

CAMPAIGNS = [Kills, Pauses, Uploads, PowerCuts, FullDisks, Namespaces, Proxied, Clocks,
             FakedMonotonic, Damage, Failpoints, NthCall, Upgrade]
