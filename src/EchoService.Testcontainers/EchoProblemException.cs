using System.Net;
using System.Text;

namespace EchoService.Testcontainers;

/// <summary>The management API has refused a call, and says why: <c>application/problem+json</c> of RFC 9457.</summary>
public sealed class EchoProblemException : Exception
{
    private static readonly Dictionary<string, IReadOnlyList<string>> NoErrors = [];

    internal EchoProblemException(HttpStatusCode status, Problem problem)
        : base(Describe(status, problem))
    {
        Status = status;
        Title = problem.Title;
        Detail = problem.Detail;
        Errors = problem.Errors ?? NoErrors;
    }

    /// <summary>
    /// The status of the answer: 400 for a value that is not allowed, 401 for a missing or wrong key, 403 for what is not
    /// allowed here, 404 for a client or fault that is not there, 409 for what does not go now, 429 after many wrong keys,
    /// 503 for too many readers of the events.
    /// </summary>
    public HttpStatusCode Status { get; }

    /// <summary>What kind of error, in a few words.</summary>
    public string? Title { get; }

    /// <summary>What is wrong in this case; null where nothing is said, or where <see cref="Errors"/> says it.</summary>
    public string? Detail { get; }

    /// <summary>What is wrong with which field or parameter, by its name in the API; empty where it is about none.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> Errors { get; }

    private static string Describe(HttpStatusCode status, Problem problem)
    {
        var text = new StringBuilder().Append((int)status).Append(' ').Append(problem.Title ?? status.ToString());
        if (problem.Detail is not null)
        {
            text.Append(": ").Append(problem.Detail);
        }

        foreach (var (name, errors) in problem.Errors ?? NoErrors)
        {
            text.Append("; ").Append(name).Append(": ").AppendJoin(", ", errors);
        }

        return text.ToString();
    }
}
