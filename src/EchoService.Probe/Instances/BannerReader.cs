using System.Net.Sockets;
using EchoService.Probe.Dialing;
using EchoService.Probe.Events;

namespace EchoService.Probe.Instances;

/// <summary>Reads the banners of a target's connections, and notices a target that sends none.</summary>
/// <param name="timeout">How long one is waited for.</param>
internal sealed class BannerReader(TimeSpan timeout)
{
    private const int LongestLine = 4096;

    private volatile bool _wasSeen;

    /// <summary>Why this is no port that sends a banner; null: it is one, or has not been heard yet.</summary>
    public string? Missing { get; private set; }

    /// <summary>Either the banner or the failure is set; neither when <paramref name="stop"/> ended the wait.</summary>
    public async Task<(Banner? Banner, ProbeEventKind? Failure)> ReadAsync(Socket socket, CancellationToken stop)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(stop);
        deadline.CancelAfter(timeout);
        var line = new byte[LongestLine];
        var length = 0;
        try
        {
            while (true)
            {
                var count = await socket.ReceiveAsync(line.AsMemory(length), SocketFlags.None, deadline.Token).ConfigureAwait(false);
                if (count == 0)
                {
                    return (null, length == 0 ? ProbeEventKind.FinAtBoundary : ProbeEventKind.FinInsideMessage);
                }

                length += count;
                var end = line.AsSpan(0, length).IndexOf((byte)'\n');
                // Nobody has sent anything yet that more could be the echo of.
                if (end == length - 1 && Banner.TryParse(line.AsSpan(0, end), out var banner))
                {
                    _wasSeen = true;
                    return (banner, null);
                }

                if (end >= 0 || length == LongestLine)
                {
                    NoteMissing("what it sends first is no banner");
                    return (null, ProbeEventKind.Corrupted);
                }
            }
        }
        catch (SocketException e)
        {
            return (null, Failures.OfEnd(e.SocketErrorCode, metReset: true, partial: 0));
        }
        catch (OperationCanceledException)
        {
            if (stop.IsCancellationRequested)
            {
                return default;
            }

            NoteMissing($"it sends no banner within {Display.Wording.Duration(timeout.TotalSeconds)}");
            return (null, ProbeEventKind.Stalled);
        }
    }

    private void NoteMissing(string why) => Missing ??= _wasSeen ? null : why;
}
