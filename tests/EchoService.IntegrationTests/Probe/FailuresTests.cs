using System.Net.Sockets;
using EchoService.Probe.Dialing;
using EchoService.Probe.Events;

namespace EchoService.IntegrationTests.Probe;

public sealed class FailuresTests
{
    [Theory]
    [InlineData(SocketError.Success, false, 0, nameof(ProbeEventKind.FinAtBoundary))]
    [InlineData(SocketError.Success, false, 3, nameof(ProbeEventKind.FinInsideMessage))]
    [InlineData(SocketError.Success, true, 0, nameof(ProbeEventKind.Reset))]
    [InlineData(SocketError.ConnectionReset, false, 3, nameof(ProbeEventKind.Reset))]
    [InlineData(SocketError.TimedOut, false, 0, nameof(ProbeEventKind.Stalled))]
    public void EndIsToldByWhatTheKernelSaidToEitherSide(SocketError error, bool metReset, int partial, string kind) =>
        Failures.OfEnd(error, metReset, partial).ToString().ShouldBe(kind);

    [Theory]
    [InlineData(SocketError.ConnectionRefused, nameof(ProbeEventKind.Refused))]
    [InlineData(SocketError.ConnectionReset, nameof(ProbeEventKind.Reset))]
    [InlineData(SocketError.TimedOut, nameof(ProbeEventKind.ConnectTimeout))]
    [InlineData(SocketError.TooManyOpenSockets, nameof(ProbeEventKind.LocalLimit))]
    [InlineData(SocketError.AddressNotAvailable, nameof(ProbeEventKind.LocalLimit))]
    [InlineData(SocketError.HostNotFound, nameof(ProbeEventKind.Unreachable))]
    public void ConnectThatFailedIsToldByItsError(SocketError error, string kind) =>
        Failures.OfConnect(error).ToString().ShouldBe(kind);
}
