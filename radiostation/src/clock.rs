//! The one place that reads the clock, and how times are shown.

use std::time::{SystemTime, UNIX_EPOCH};

const US_PER_SECOND: u64 = 1_000_000;
const SECONDS_PER_DAY: u64 = 86_400;

/// Microseconds since 1970.
pub fn now_us() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
}

/// `2018-03-05 07:21:21.848287`, UTC.
pub fn shown(time_us: u64) -> String {
    let (seconds, micros) = (time_us / US_PER_SECOND, time_us % US_PER_SECOND);
    let (year, month, day) = date(seconds / SECONDS_PER_DAY);
    let second = seconds % SECONDS_PER_DAY;
    format!(
        "{year:04}-{month:02}-{day:02} {:02}:{:02}:{:02}.{micros:06}",
        second / 3600,
        second / 60 % 60,
        second % 60
    )
}

/// Year, month and day of a day counted from 1970, by the Gregorian calendar. Years are taken to
/// begin in March, so that a leap day is the last of its year.
fn date(day: u64) -> (u64, u64, u64) {
    const DAYS_PER_ERA: u64 = 146_097;
    let shifted = day + 719_468;
    let (era, of_era) = (shifted / DAYS_PER_ERA, shifted % DAYS_PER_ERA);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month_from_march = (5 * of_year + 2) / 153;
    let day_of_month = of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (era * 400 + year + u64::from(month <= 2), month, day_of_month)
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn times_are_shown_as_the_contract_does() {
        let cases = [
            (0, "1970-01-01 00:00:00.000000"),
            (1_520_234_481_848_287, "2018-03-05 07:21:21.848287"),
            (951_782_399_999_999, "2000-02-28 23:59:59.999999"),
            (951_782_400_000_000, "2000-02-29 00:00:00.000000"),
            (4_107_542_400_000_000, "2100-03-01 00:00:00.000000"),
            (1_735_689_599_000_001, "2024-12-31 23:59:59.000001"),
        ];
        for (time_us, expected) in cases {
            assert_eq!(shown(time_us), expected);
        }
    }
}
