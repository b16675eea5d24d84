"""The kernel: mailboxes, logical clock, schedule, timers, supervision, snapshots and the root
hash.
"""
