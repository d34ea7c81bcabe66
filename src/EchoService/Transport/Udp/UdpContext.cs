using EchoService.Transport.Fairness;
using EchoService.Transport.Faults;

namespace EchoService.Transport.Udp;

/// <summary>All that UDP knows of the world.</summary>
internal sealed class UdpContext
{
    public required UdpOptions Options { get; init; }

    public required UdpCounters Counters { get; init; }

    public required FaultTable Faults { get; init; }

    public required Turnstiles Turnstiles { get; init; }

    public required TimeProvider TimeProvider { get; init; }

    public required ILogger Logger { get; init; }
}
