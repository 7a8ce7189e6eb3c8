using Interactive.Extensions.Display;

namespace Interactive.Extensions.DotnetInteractive;

/// <summary>
/// Marks a type that brings its own formatters. .NET Interactive finds the attribute by its name, so that figures and
/// tables show there as soon as the assembly is loaded, also where <c>extension.dib</c> has not run.
/// </summary>
/// <param name="formatterSourceType">A type with <c>CreateTypeFormatters()</c>, which returns objects with
/// <c>MimeType</c> and <c>bool Format(object, TextWriter)</c>.</param>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class TypeFormatterSourceAttribute(Type formatterSourceType) : Attribute
{
    /// <summary>Where the formatters come from.</summary>
    public Type FormatterSourceType { get; } = formatterSourceType;

    /// <summary>The forms, best first: those that every value of the type has.</summary>
    public string[] PreferredMimeTypes { get; init; } = [Mime.Html, Mime.Text];
}
