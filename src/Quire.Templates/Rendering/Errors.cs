namespace Quire.Templates.Rendering;

/// <summary>The failures of a render, in the words Python and Jinja use.</summary>
internal static class Errors
{
    public static TemplateException Runtime(string message) => new(TemplateErrorKind.Runtime, message);

    public static TemplateException Undefined(string message) => new(TemplateErrorKind.Undefined, message);

    public static TemplateException Security(string message) => new(TemplateErrorKind.Security, message);

    public static TemplateException Raised(string message) => new(TemplateErrorKind.Raised, message);

    public static TemplateException Recursion() => Runtime("maximum recursion depth exceeded");

    public static TemplateException TooMuch(string what) => Runtime($"the template exceeds the limit of {what}");
}
