using System.Globalization;
using System.Text;

namespace Quire.Templates.Python;

/// <summary><c>datetime.strftime</c> of a local time without a zone, in the C locale.</summary>
internal static class Strftime
{
    public static string Format(DateTime time, string format)
    {
        var result = new StringBuilder();
        for (int i = 0; i < format.Length; i++)
        {
            if (format[i] != '%' || i + 1 == format.Length)
            {
                result.Append(format[i]);
                continue;
            }
            bool unpadded = format[i + 1] == '-' && i + 2 < format.Length;
            if (unpadded) i++;
            string field = Field(time, format[++i]);
            result.Append(unpadded && field.TrimStart('0', ' ') is var bare ? (bare.Length > 0 ? bare : "0") : field);
        }
        return result.ToString();
    }

    private static string Field(DateTime time, char code) => code switch
    {
        'a' => Text(time, "ddd"),
        'A' => Text(time, "dddd"),
        'b' or 'h' => Text(time, "MMM"),
        'B' => Text(time, "MMMM"),
        'd' => Text(time, "dd"),
        'e' => time.Day.ToString(CultureInfo.InvariantCulture).PadLeft(2),
        'm' => Text(time, "MM"),
        'y' => Text(time, "yy"),
        'Y' => time.Year.ToString(CultureInfo.InvariantCulture),
        'C' => (time.Year / 100).ToString("00", CultureInfo.InvariantCulture),
        'H' => Text(time, "HH"),
        'I' => Text(time, "hh"),
        'k' => time.Hour.ToString(CultureInfo.InvariantCulture).PadLeft(2),
        'l' => ((time.Hour + 11) % 12 + 1).ToString(CultureInfo.InvariantCulture).PadLeft(2),
        'M' => Text(time, "mm"),
        'S' => Text(time, "ss"),
        'f' => Text(time, "ffffff"),
        'p' => time.Hour < 12 ? "AM" : "PM",
        'P' => time.Hour < 12 ? "am" : "pm",
        'j' => time.DayOfYear.ToString("000", CultureInfo.InvariantCulture),
        'w' => ((int)time.DayOfWeek).ToString(CultureInfo.InvariantCulture),
        'u' => (((int)time.DayOfWeek + 6) % 7 + 1).ToString(CultureInfo.InvariantCulture),
        'U' => Week((time.DayOfYear + 6 - (int)time.DayOfWeek) / 7),
        'W' => Week((time.DayOfYear + 6 - ((int)time.DayOfWeek + 6) % 7) / 7),
        'V' => Week(ISOWeek.GetWeekOfYear(time)),
        'G' => ISOWeek.GetYear(time).ToString(CultureInfo.InvariantCulture),
        'c' => Format(time, "%a %b %e %H:%M:%S %Y"),
        'x' or 'D' => Format(time, "%m/%d/%y"),
        'X' or 'T' => Format(time, "%H:%M:%S"),
        'F' => Format(time, "%Y-%m-%d"),
        'R' => Format(time, "%H:%M"),
        'r' => Format(time, "%I:%M:%S %p"),
        'n' => "\n",
        't' => "\t",
        'z' or 'Z' => "",
        '%' => "%",
        _ => "%" + code,
    };

    private static string Week(int week) => week.ToString("00", CultureInfo.InvariantCulture);

    // A format of one letter alone would be read as a standard format; all of these are longer.
    private static string Text(DateTime time, string format) => time.ToString(format, CultureInfo.InvariantCulture);
}
