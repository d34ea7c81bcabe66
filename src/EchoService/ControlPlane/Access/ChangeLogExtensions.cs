namespace EchoService.ControlPlane.Access;

/// <summary>What a call changed, from the endpoint that knows it to <see cref="AccessRule"/>, which says it with who asked.</summary>
internal static class ChangeLogExtensions
{
    private static readonly object Key = new();

    /// <summary>Says what the call changes and how many connections it is about, for the log.</summary>
    public static void DescribeChange(this HttpContext context, string change) => context.Items[Key] = change;

    /// <summary>What <see cref="DescribeChange"/> was told; "done" where nobody said.</summary>
    public static string ReadChange(this HttpContext context) => context.Items[Key] as string ?? "done";
}
