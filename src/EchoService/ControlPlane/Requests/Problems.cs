using System.Text.Json;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http.HttpResults;

namespace EchoService.ControlPlane.Requests;

/// <summary>Every error is an <c>application/problem+json</c> (RFC 9457), whatever the caller accepts and whoever noticed it.</summary>
internal static class Problems
{
    public static void UseProblems(this IApplicationBuilder app)
    {
        app.UseExceptionHandler(new ExceptionHandlerOptions
        {
            ExceptionHandler = context => Describe(context.Features.Get<IExceptionHandlerFeature>()!.Error).ExecuteAsync(context),
            // A caller's mistake is not ours to log, and could fill the log.
            SuppressDiagnosticsCallback = context => context.Exception is BadHttpRequestException,
        });
        app.UseStatusCodePages(context => TypedResults.Problem(statusCode: context.HttpContext.Response.StatusCode).ExecuteAsync(context.HttpContext));
    }

    private static ProblemHttpResult Describe(Exception exception) => exception switch
    {
        // The framework's own words for a body that can't be bound name our types and parameters.
        BadHttpRequestException { StatusCode: StatusCodes.Status400BadRequest } bad => TypedResults.Problem(
            statusCode: bad.StatusCode,
            detail: bad.InnerException is JsonException { Path: { Length: > 1 } path }
                ? $"The body is not what this call takes, at {path}."
                : "The body is not the JSON object that this call takes."),
        BadHttpRequestException bad => TypedResults.Problem(statusCode: bad.StatusCode, detail: bad.Message),
        _ => TypedResults.Problem(statusCode: StatusCodes.Status500InternalServerError),
    };
}
