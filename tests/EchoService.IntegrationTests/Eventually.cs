using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace EchoService.IntegrationTests;

/// <summary>Waits for what another thread or process brings about: a condition with a deadline, never a fixed time.</summary>
internal static class Eventually
{
    /// <summary>Far beyond what anything here takes, so that only a defect or a stalled machine runs into it.</summary>
    public static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(5);

    public static Task TrueAsync(Func<bool> condition, TimeSpan? deadline = null, [CallerArgumentExpression(nameof(condition))] string? text = null) =>
        TrueAsync(() => Task.FromResult(condition()), deadline, text);

    public static Task TrueAsync(Func<Task<bool>> condition, TimeSpan? deadline = null, [CallerArgumentExpression(nameof(condition))] string? text = null) =>
        BecomesAsync(condition, static held => held, deadline, text);

    /// <summary>Reads until what is read is as wanted, and returns it.</summary>
    public static async Task<T> BecomesAsync<T>(
        Func<Task<T>> read, Func<T, bool> wanted, TimeSpan? deadline = null, [CallerArgumentExpression(nameof(wanted))] string? text = null)
    {
        var limit = deadline ?? Deadline;
        var started = Stopwatch.GetTimestamp();
        while (true)
        {
            var value = await read();
            if (wanted(value))
            {
                return value;
            }

            if (Stopwatch.GetElapsedTime(started) > limit)
            {
                throw new TimeoutException($"Not within {limit.TotalSeconds} s: {text}. Last seen: {value}");
            }

            await Task.Delay(Pause, TestContext.Current.CancellationToken);
        }
    }
}
