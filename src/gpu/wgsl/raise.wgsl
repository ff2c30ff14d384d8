// Notes a fault, if none has been noted before. The exchange may fail for no reason: then it is tried again.
fn raise_at(site: u32, first: u32, second: u32) {
    loop {
        let seen = atomicCompareExchangeWeak(&fault[0], 0u, site);
        if seen.exchanged {
            atomicStore(&fault[1], first);
            atomicStore(&fault[2], second);
            break;
        }
        if seen.old_value != 0u {
            break;
        }
    }
}
