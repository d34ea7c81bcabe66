using System.Globalization;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace EchoService.Transport.Accepting;

/// <summary>
/// Keeps a listening socket from getting new connections while those that it has are still being accepted: a filter on
/// it that drops every SYN. Whoever sent one tries again a second later, and is refused by a port that is closed then.
/// </summary>
/// <remarks>Linux alone (socket(7), SO_ATTACH_FILTER); elsewhere the moment between the last accept and the close remains.</remarks>
internal static class HandshakeStop
{
    private const int SolSocket = 1;
    private const int SoAttachFilter = 26;

    // struct sock_filter { u16 code; u8 jt; u8 jf; u32 k; } of linux/filter.h. On a TCP socket a packet begins with its
    // TCP header, whose byte 13 holds the flags (RFC 9293, section 3.1).
    private static readonly ulong[] Program = GC.AllocateArray<ulong>(4, pinned: true);

    static HandshakeStop()
    {
        const ulong LoadByte = 0x30;
        const ulong JumpIfSet = 0x45;
        const ulong Return = 0x06;
        const ulong FlagsOffset = 13;
        const ulong Syn = 0x02;
        Program[0] = LoadByte | (FlagsOffset << 32);
        Program[1] = JumpIfSet | (0UL << 16) | (1UL << 24) | (Syn << 32);
        Program[2] = Return;
        Program[3] = Return | ((ulong)uint.MaxValue << 32);
    }

    /// <summary>Stops them, where the system can.</summary>
    public static void Apply(Socket listening)
    {
        if (!OperatingSystem.IsLinux() || !BitConverter.IsLittleEndian || !Environment.Is64BitProcess)
        {
            return;
        }

        // struct sock_fprog { unsigned short len; struct sock_filter *filter; }
        var program = new byte[16];
        MemoryMarshal.Write(program, (ushort)Program.Length);
        MemoryMarshal.Write(program.AsSpan(8), Marshal.UnsafeAddrOfPinnedArrayElement(Program, 0));
        try
        {
            listening.SetRawSocketOption(SolSocket, SoAttachFilter, program);
        }
        catch (SocketException)
        {
            // A sandbox without filters: as elsewhere.
        }
    }

    /// <summary>Whether a client has been answered whose own last packet has not come yet; false where that cannot be known.</summary>
    /// <param name="port">The listening socket's.</param>
    public static bool IsOneHalfDone(int port) => OperatingSystem.IsLinux() && (IsOneHalfDone("/proc/self/net/tcp", port) || IsOneHalfDone("/proc/self/net/tcp6", port));

    /// <summary>Looks through a list of the kernel's sockets (proc_pid_net(5)).</summary>
    private static bool IsOneHalfDone(string list, int port)
    {
        // "   7: 0100007F:1B5F 0100007F:C350 03 …": a number, the local and the remote end, and TCP_SYN_RECV.
        var end = string.Create(CultureInfo.InvariantCulture, $":{port:X4}");
        try
        {
            return File.ReadLines(list).Select(line => line.Split(' ', 5, StringSplitOptions.RemoveEmptyEntries))
                .Any(fields => fields[1].EndsWith(end, StringComparison.Ordinal) && fields[3] == "03");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // No such list, or no descriptor left to read it.
            return false;
        }
    }
}
