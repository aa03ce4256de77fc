using System.Globalization;

namespace Quire.OpenAI;

/// <summary>Numbers in messages as Python prints them: 1.0, 1e-07, nan.</summary>
internal static class PythonText
{
    public static string Float(double value)
    {
        if (double.IsNaN(value)) return "nan";
        if (double.IsInfinity(value)) return value > 0 ? "inf" : "-inf";
        string text = value.ToString("R", CultureInfo.InvariantCulture);
        return text.Contains('E', StringComparison.Ordinal) ? text.Replace("E", "e", StringComparison.Ordinal) : text.Contains('.', StringComparison.Ordinal) ? text : text + ".0";
    }
}
