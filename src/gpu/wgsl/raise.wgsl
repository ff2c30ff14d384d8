// Notes a fault, if none has been noted before. The exchange may fail for no reason: then it is tried again.
fn raise(array: u32, index: i32) {
    loop {
        let seen = atomicCompareExchangeWeak(&fault[0], 0u, raise_site());
        if seen.exchanged {
            atomicStore(&fault[1], array);
            atomicStore(&fault[2], bitcast<u32>(index));
            break;
        }
        if seen.old_value != 0u {
            break;
        }
    }
}
