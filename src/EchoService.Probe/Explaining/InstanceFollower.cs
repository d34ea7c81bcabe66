using System.Globalization;
using System.Text.Json;
using EchoService.Probe.Measurement;

namespace EchoService.Probe.Explaining;

/// <summary>Follows the events of one instance, so that what it said last is known when it says nothing any more.</summary>
internal sealed class InstanceFollower(ManagementClient client, Uri management)
{
    /// <summary>It sends figures every second; after this long without it is taken for gone.</summary>
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan RetryInterval = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private InstanceState _state = InstanceState.Unknown;
    private string? _startedAt;

    public InstanceState State
    {
        get
        {
            lock (_gate)
            {
                return _state;
            }
        }
    }

    public async Task RunAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                using var silence = CancellationTokenSource.CreateLinkedTokenSource(stop);
                silence.CancelAfter(Silence);
                using var response = await client.OpenEventsAsync(management, silence.Token).ConfigureAwait(false);
                using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(silence.Token).ConfigureAwait(false));
                var type = "";
                while (await reader.ReadLineAsync(silence.Token).ConfigureAwait(false) is { } line)
                {
                    silence.CancelAfter(Silence);
                    if (line.StartsWith("event: ", StringComparison.Ordinal))
                    {
                        type = line[7..];
                    }
                    else if (line.StartsWith("data: ", StringComparison.Ordinal))
                    {
                        await TakeAsync(type, line[6..], stop).ConfigureAwait(false);
                    }
                }
            }
            catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException or JsonException or InvalidOperationException or KeyNotFoundException)
            {
                // It is gone, or never was there: who asks about a connection finds out which.
            }

            await Task.Delay(RetryInterval, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task TakeAsync(string type, string data, CancellationToken stop)
    {
        using var document = JsonDocument.Parse(data);
        var now = Clock.Now;
        if (type is not ("stats" or "phase"))
        {
            return;
        }

        var phase = document.RootElement.GetProperty("phase").GetString();
        bool isNewDrain;
        lock (_gate)
        {
            if (type == "stats")
            {
                var startedAt = document.RootElement.GetProperty("instance").GetProperty("startedAt").GetString();
                if (_startedAt is not null && startedAt != _startedAt)
                {
                    _state = new InstanceState(phase, now, null, null, RestartedAt: now);
                }

                _startedAt = startedAt;
            }

            isNewDrain = phase != "serving" && _state.Phase is null or "serving";
            _state = _state with
            {
                Phase = phase,
                SeenAt = now,
                Drain = isNewDrain ? new DrainFacts(null, null, now) : _state.Drain,
                ForcedAt = isNewDrain ? null : phase == "forcing" ? now : _state.ForcedAt,
            };
        }

        if (isNewDrain)
        {
            var drain = await ReadDrainAsync(stop).ConfigureAwait(false);
            lock (_gate)
            {
                _state = _state with { Drain = drain ?? _state.Drain };
            }
        }
    }

    /// <summary>Who began the drain that is on, and when; null: it does not say.</summary>
    private async Task<DrainFacts?> ReadDrainAsync(CancellationToken stop)
    {
        var (_, body, _) = await client.GetAsync(management, "drain", stop).ConfigureAwait(false);
        return body.ValueKind == JsonValueKind.Object && ClientFacts.Optional(body, "trigger") is { } trigger && ClientFacts.Optional(body, "startedAt") is { } startedAt
            ? new DrainFacts(trigger.GetString(), DateTimeOffset.Parse(startedAt.GetString()!, CultureInfo.InvariantCulture), State.Drain?.SeenAt ?? Clock.Now)
            : null;
    }
}
