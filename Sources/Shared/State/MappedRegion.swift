internal import CLinux
internal import Glibc

/// A part of a file mapped into memory and guarded: if somebody truncates the file, an access gives zeros and sets
/// ``faulted`` instead of ending the process with SIGBUS.
///
/// `@unchecked Sendable`: the address never changes, and what lies there is only accessed by atomic words.
final class MappedRegion: @unchecked Sendable {
    /// The first mapped byte.
    let base: UnsafeMutableRawPointer
    /// Length in bytes.
    let length: Int
    private let guardSlot: Int32

    /// Maps `length` bytes from `offset`, which must be a multiple of the page size.
    ///
    /// - Throws: What `mmap` answered, or ENOSPC when 64 regions are guarded already.
    init(
        _ descriptor: borrowing FileDescriptor,
        offset: Int = 0,
        length: Int,
        writable: Bool,
        subject: String
    ) throws(SystemError) {
        let protection = writable ? PROT_READ | PROT_WRITE : PROT_READ
        let address = mmap(nil, length, protection, MAP_SHARED, descriptor.number, off_t(offset))
        guard let address, address != MAP_FAILED else {
            throw SystemError(call: "mmap", number: errno, subject: subject)
        }
        let slot = clinux_guard_mapping(address, length)
        guard slot >= 0 else {
            munmap(address, length)
            throw SystemError(call: "guard", number: -slot, subject: subject)
        }
        base = address
        self.length = length
        guardSlot = slot
    }

    deinit {
        // In this order: an address that is unmapped but still guarded could by then belong to another mapping.
        clinux_unguard_mapping(guardSlot)
        munmap(base, length)
    }

    /// The file ended before an address that was accessed: what is mapped is no longer the file.
    var faulted: Bool { clinux_mapping_faulted(guardSlot) }
}
