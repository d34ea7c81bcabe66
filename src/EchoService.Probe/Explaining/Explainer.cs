using System.Net;
using System.Text.Json;
using System.Threading.Channels;
using EchoService.Probe.Measurement;

namespace EchoService.Probe.Explaining;

/// <summary>
/// Asks instances why. Bounded in all it does, and on threads of its own: where an answer would be at the expense of the
/// measurement there is none.
/// </summary>
internal sealed class Explainer : IDisposable
{
    /// <summary>Questions asked at a time.</summary>
    public const int Workers = 4;

    private const int MostWaiting = 1000;
    private const int MostFollowed = 100;

    /// <summary>What ends a connection and what the instance says of it may cross; a process that ends takes a moment to be gone.</summary>
    private const long Settling = Clock.Second;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    private readonly ManagementClient _client = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _gate = new();
    private readonly Dictionary<Uri, InstanceFollower> _followers = [];
    private readonly List<Task> _following = [];
    private readonly Channel<Question> _questions = Channel.CreateBounded<Question>(new BoundedChannelOptions(MostWaiting));
    private readonly Task[] _working;
    private long _unasked;

    public Explainer() => _working = [.. Enumerable.Range(0, Workers).Select(_ => Task.Run(WorkAsync))];

    /// <summary>Questions that were not asked, since too many waited.</summary>
    public long Unasked => Volatile.Read(ref _unasked);

    /// <summary>Begins to follow an instance, the first time.</summary>
    /// <param name="management">Where it can be asked; null: nowhere.</param>
    public void Follow(Uri? management)
    {
        if (management is null)
        {
            return;
        }

        lock (_gate)
        {
            if (!_followers.ContainsKey(management) && _followers.Count < MostFollowed)
            {
                var follower = new InstanceFollower(_client, management);
                _followers.Add(management, follower);
                _following.Add(Task.Run(() => follower.RunAsync(_stop.Token)));
            }
        }
    }

    /// <summary>Has an answer be looked for. Returns at once.</summary>
    public void Ask(Question question)
    {
        if (!_questions.Writer.TryWrite(question))
        {
            Interlocked.Increment(ref _unasked);
        }
    }

    /// <summary>Takes no more questions, and waits for the answers to those that it has.</summary>
    public async Task FinishAsync(TimeSpan patience)
    {
        _questions.Writer.TryComplete();
        await Task.WhenAny(Task.WhenAll(_working), Task.Delay(patience)).ConfigureAwait(false);
        await _stop.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll([.. _working, .. _following]).ConfigureAwait(false);
        _unasked += _questions.Reader.Count;
    }

    public void Dispose()
    {
        _stop.Cancel();
        _client.Dispose();
    }

    private async Task WorkAsync()
    {
        try
        {
            await foreach (var question in _questions.Reader.ReadAllAsync(_stop.Token).ConfigureAwait(false))
            {
                if (await AnswerAsync(question).ConfigureAwait(false) is { } explanation)
                {
                    question.Log.Add(question, explanation);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The run is over.
        }
    }

    private async Task<Explanation?> AnswerAsync(Question question)
    {
        if (question.Peer.Instance.Management is not { } management)
        {
            return Sentences.Unasked(question, "its banner does not say where");
        }

        while (true)
        {
            var isSettled = Clock.Now - question.At > Settling;
            var (status, body, failure) = await _client.GetAsync(management, $"clients/{question.Peer.Connection}", _stop.Token).ConfigureAwait(false);
            _stop.Token.ThrowIfCancellationRequested();
            if (status == HttpStatusCode.OK)
            {
                var facts = await ReadAsync(management, body).ConfigureAwait(false);
                if (facts is null)
                {
                    return Sentences.Unasked(question, "its management API answers something else");
                }

                var state = StateOf(management);
                // Who began a drain is asked for when it is heard of.
                var isKnown = facts.CloseReason is "drain" or "drainForced" ? state.Drain?.Trigger is not null : facts.CloseReason is not null;
                if (isSettled || isKnown || !Sentences.IsEnd(question.Kind))
                {
                    return Sentences.Of(question, facts, state);
                }
            }
            else if (status == HttpStatusCode.NotFound)
            {
                return Sentences.Forgotten(question, StateOf(management));
            }
            else if (status is { } other)
            {
                return Sentences.Unasked(question, $"its management API answers {(int)other}");
            }
            else if (isSettled)
            {
                return Sentences.Gone(question, StateOf(management), failure!);
            }

            await Task.Delay(Pause, _stop.Token).ConfigureAwait(false);
        }
    }

    private async Task<ClientFacts?> ReadAsync(Uri management, JsonElement body)
    {
        try
        {
            string? fault = null;
            if (ClientFacts.Optional(body, "fault") is { } id)
            {
                var (_, found, _) = await _client.GetAsync(management, $"faults/{id}", _stop.Token).ConfigureAwait(false);
                fault = found.ValueKind == JsonValueKind.Object ? ClientFacts.Optional(found, "kind")?.GetString() : null;
                fault ??= "of an unknown kind";
            }

            return ClientFacts.Of(body, fault);
        }
        catch (Exception e) when (e is InvalidOperationException or KeyNotFoundException or FormatException)
        {
            return null;
        }
    }

    private InstanceState StateOf(Uri management)
    {
        lock (_gate)
        {
            return _followers.TryGetValue(management, out var follower) ? follower.State : InstanceState.Unknown;
        }
    }
}
