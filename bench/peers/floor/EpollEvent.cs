using System.Runtime.InteropServices;

namespace EchoService.Bench.Floor;

/// <summary><c>struct epoll_event</c>, which is packed on x64 and nowhere else.</summary>
[StructLayout(LayoutKind.Explicit, Size = 12)]
internal struct EpollEvent
{
    [FieldOffset(0)]
    public uint Events;

    /// <summary>The first half of <c>data</c>, whose second is not used.</summary>
    [FieldOffset(4)]
    public int Descriptor;
}
