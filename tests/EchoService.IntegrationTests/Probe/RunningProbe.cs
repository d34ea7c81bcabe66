using System.Collections.Concurrent;
using EchoService.Probe;
using EchoService.Probe.Clients;
using EchoService.Probe.Display;
using EchoService.Probe.Events;
using EchoService.Probe.Reporting;

namespace EchoService.IntegrationTests.Probe;

/// <summary>A run in this process that goes on until the test has seen what it is about.</summary>
internal sealed class RunningProbe : IAsyncDisposable
{
    private readonly ConcurrentQueue<(PopulationName Name, ProbeEvent Happened)> _events = new();
    private readonly CancellationTokenSource _interrupt = new();
    private readonly ProbeRun _run;
    private readonly Task<ProbeReport> _report;

    public RunningProbe(ProbeOptions options)
    {
        _run = new ProbeRun(options with { Duration = null }, new NoDisplay(), (name, happened) => _events.Enqueue((name, happened)));
        _report = Task.Run(() => _run.ExecuteAsync(_interrupt.Token));
    }

    public IEnumerable<ProbeEvent> Events => _events.Select(one => one.Happened);

    /// <summary>Waits until <paramref name="count"/> events were as wanted, and returns the first.</summary>
    public async Task<ProbeEvent> WaitForAsync(Func<ProbeEvent, bool> wanted, int count = 1)
    {
        var found = await Eventually.BecomesAsync(
            () => Task.FromResult(Events.Where(wanted).ToArray()),
            events => events.Length >= count || _report.IsCompleted,
            text: $"{count} such events");
        return found.Length >= count ? found[0] : throw new ShouldAssertException($"The run is over. Seen: {string.Join('\n', Events)}");
    }

    /// <summary>Waits for an explanation that says so, and returns all of it.</summary>
    public async Task<string> WaitForExplanationAsync(string text, int count = 1)
    {
        try
        {
            return (await WaitForAsync(happened => happened.Kind == ProbeEventKind.Explained && happened.Detail!.Contains(text, StringComparison.Ordinal), count)).Detail!;
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            throw new ShouldAssertException($"Not explained by \"{text}\". Seen:\n{string.Join('\n', Events)}", e);
        }
    }

    public async Task<ProbeReport> StopAsync()
    {
        await _interrupt.CancelAsync();
        return await _report;
    }

    public async ValueTask DisposeAsync()
    {
        await _interrupt.CancelAsync();
        await Task.WhenAny(_report);
        _run.Dispose();
        _interrupt.Dispose();
    }
}
