"""Timelines of cases worked out by hand: hours | events | read at | solving and answering in minutes, state | due | what.

Moments are `month-day hour:minute` of 2026 in Seoul (a year may stand before, `Z` after is UTC); a moment without a day is on the
day before it. Unless an event says otherwise the terms are: first answer within 60, solved within 480 minutes of service.

hours     office  Monday to Friday 09–18 with lunch 12–13, Korean holidays: 480 minutes a day
          day365  every day of the year 08–20
          always  around the clock
          night   every night 22–06
          half    office, and Saturday 09–13 without a break; closed on 31 December 2026
          berlin  Monday to Friday 09–17 in Berlin, German holidays
"""

TIMELINES = """
office | 11-02 09:00 opened | 10:00 | 60 60 running | 11-02 18:00 | the whole day is left
office | 11-02 09:00 opened | 12:30 | 180 180 running | 11-02 18:00 | lunch does not count
office | 11-02 10:00 opened | 13:30 | 150 150 running | 11-03 10:00 | an hour goes over to Tuesday
office | 11-02 20:00 opened | 11-03 09:30 | 30 30 running | 11-03 18:00 | in the evening
office | 11-02 07:00 opened | 08:59 | 0 0 running | 11-02 18:00 | before the door opens
office | 11-06 17:00 opened | 11-09 09:30 | 90 90 running | 11-09 17:00 | over a weekend
office | 11-07 12:00 opened | 11-08 12:00 | 0 0 running | 11-09 18:00 | on Saturday
office | 12-24 17:00 opened | 12-28 10:00 | 120 120 running | 12-28 17:00 | Christmas on a Friday
office | 09-23 16:00 opened | 09-28 10:00 | 180 180 running | 09-28 16:00 | Chuseok
office | 02-13 17:30 opened | 02-19 09:30 | 60 60 running | 02-19 17:30 | Seollal, Monday to Wednesday
office | 03-02 10:00 opened | 18:00 | 0 0 running | 03-03 18:00 | Monday in place of Sunday 1 March
office | 05-01 09:00 opened | 05-04 09:30 | 30 30 running | 05-04 18:00 | workers' day
office | 05-04 17:00 opened | 05-06 10:00 | 120 120 running | 05-06 17:00 | children's day
office | 08-14 17:00 opened | 08-18 09:00 | 60 60 running | 08-18 17:00 | Monday in place of Saturday 15 August
office | 10-02 15:00 opened | 10-06 10:00 | 240 240 running | 10-06 15:00 | Monday in place of Saturday 3 October
office | 2025-12-31 17:00 opened | 2026-01-02 10:00 | 120 120 running | 01-02 17:00 | New Year
office | 11-02 09:00 opened; 10:00 asked | 16:00 | 60 60 waiting | - | waits for the customer
office | 11-02 09:00 opened; 10:00 asked; 14:00 customer | 15:00 | 120 60 running | 11-03 12:00 | the answer starts it again
office | 11-02 09:00 opened; 10:00 asked; 20:00 customer | 11-03 09:00 | 60 60 running | 11-03 17:00 | answered at night
office | 11-02 09:00 opened; 10:00 asked; 11:00 customer; 11:30 asked; 13:30 customer | 14:00 | 120 60 running | 11-03 11:00 | 2×
office | 11-02 09:00 opened; 09:30 answered | 10:30 | 90 30 running | 11-02 18:00 | an answer does not stop the solving
office | 11-02 09:00 opened; 09:30 answered; 11:00 solved | 15:00 | 120 30 stopped | - | solved
office | 11-02 09:00 opened; 11:00 solved; 16:00 customer | 17:00 | 180 120 running | 11-03 14:00 | not solved after all
office | 11-02 09:00 opened; 10:00 solved; 10:30 reopened | 11:00 | 90 60 running | 11-03 09:30 | opened again by the agent
office | 11-02 09:00 opened; 10:00 closed | 17:00 | 60 60 stopped | - | closed without a word
office | 11-02 09:00 opened; 10:00 merged; 11:00 customer | 17:00 | 60 60 ended | - | goes on elsewhere
office | 11-02 09:00 opened | 11-03 09:01 | 481 481 running late | 11-02 18:00 | a minute too long
office | 11-02 09:00 opened | 18:00 | 480 480 running | 11-02 18:00 | to the minute is in time
office | 11-02 09:00 opened; 10:00 answered | 12:00 | 180 60 running | 11-02 18:00 | answered to the minute
office | 11-02 09:00 opened; 10:01 answered | 12:00 | 180 61 running | 11-02 18:00 | answered a minute late
office | 11-02 09:00 opened; 09:30 customer; 09:45 customer | 10:00 | 60 60 running | 11-02 18:00 | impatient
office | 11-02 09:00 opened; 10:00 asked; 11:00 asked; 14:00 customer | 14:30 | 90 60 running | 11-03 12:00 | asked twice
office | 11-02 09:00 opened; 10:00 asked; 11:00 answered | 12:00 | 120 60 running | 11-03 10:00 | the step comes back to us
office | 11-02 09:00 opened; 10:00 asked; 13:00 resumed | 15:00 | 180 60 running | 11-03 11:00 | taken up without a word
office | 11-02 17:00 opened; 22:00 solved | 11-03 12:00 | 60 60 stopped | - | solved at night
office | 11-06 16:00 opened; 17:00 asked; 11-07 10:00 customer | 11-09 10:00 | 120 60 running | 11-09 17:00 | answered on Saturday
office | 11-02 11:00 opened; 11:30 asked; 12:30 customer | 13:15 | 45 30 running | 11-03 11:30 | over lunch
day365 | 11-08 19:00 opened | 11-09 09:00 | 120 120 running | 11-09 15:00 | Sunday evening
day365 | 12-25 10:00 opened | 12:00 | 120 120 running | 12-25 18:00 | Christmas is a day like any other
day365 | 09-25 07:00 opened | 08:30 | 30 30 running | 09-25 16:00 | Chuseok morning
day365 | 11-02 23:00 opened; 11-03 08:30 asked; 23:30 customer | 11-04 09:00 | 90 30 running | 11-04 15:30 | both after hours
day365 | 11-02 19:50 opened | 11-03 08:05 | 15 15 running | 11-03 15:50 | ten minutes before the end
day365 | 12-31 19:00 opened | 2027-01-01 09:00 | 120 120 running | 2027-01-01 15:00 | New Year's Eve
day365 | 2028-02-29 10:00 opened | 11:00 | 60 60 running | 2028-02-29 18:00 | leap day
always | 11-02 23:00 opened | 11-03 01:00 | 120 120 running | 11-03 07:00 | over midnight
always | 12-31 22:00 opened | 2027-01-01 02:00 | 240 240 running | 2027-01-01 06:00 | over the year's end
always | 11-02 00:00 opened; 01:00 asked; 03:00 customer | 04:00 | 120 60 running | 11-02 10:00 | a sleepless customer
always | 11-02 00:00Z opened | 11:00 | 120 120 running | 11-02 17:00 | stamped in UTC
always | 11-02 09:00 opened; 01:30Z customer; 02:00Z asked | 12:00 | 120 120 waiting | - | both clocks
night | 11-02 21:00 opened | 23:00 | 60 60 running | 11-03 06:00 | an hour before the night
night | 11-02 23:00 opened | 11-03 07:00 | 420 420 running | 11-03 23:00 | the night is over
night | 11-03 03:00 opened | 22:30 | 210 210 running | 11-04 03:00 | into the next night
night | 11-02 22:00 opened; 23:30 asked; 11-03 05:00 customer | 05:30 | 120 90 running | 11-04 03:30 | between two nights
berlin | 11-02 17:00 opened | 18:00 | 60 60 running | 11-03 01:00 | Berlin in winter
berlin | 07-06 16:00 opened | 17:00 | 60 60 running | 07-07 00:00 | Berlin in summer
berlin | 10-23 23:00 opened | 10-26 18:00 | 120 120 running | 10-27 00:00 | clocks go back on the weekend
berlin | 03-28 00:00 opened | 03-30 16:30 | 90 90 running | 03-30 23:00 | clocks go forward on the weekend
berlin | 12-25 00:00 opened | 12-28 18:00 | 120 120 running | 12-29 00:00 | Christmas in Berlin
office | 11-02 16:00 opened; 17:00 terms=always | 20:00 | 240 240 running | 11-03 00:00 | handed to the night desk
always | 11-02 18:00 opened; 20:00 terms=office | 11-03 10:00 | 180 180 running | 11-03 16:00 | handed to the office
office | 11-02 09:00 opened; 10:30 terms=urgent | 11:30 | 150 150 running late | 11-02 11:00 | two hours from now on
office | 11-02 09:00 opened; 15:00 terms=urgent | 15:00 | 300 300 running late | 11-02 15:00 | urgent when it is too late already
office | 11-02 09:00 opened; 10:00 asked; 11:00 terms=always; 14:00 customer | 15:00 | 120 60 running | 11-02 21:00 | meanwhile
office | 11-02 09:00 opened; 10:00 answered; 10:00 solved | 11:00 | 60 60 stopped | - | in one breath
office | 11-02 09:00 opened; 10:00 asked; 10:00 customer | 11:00 | 120 60 running | 11-02 18:00 | crossed in the post
office | 11-02 09:00 opened; 10:00 solved; 11:00 customer; 11:30 solved; 14:00 customer | 15:00 | 150 60 running | 11-03 11:30 | 2
office | 11-02 09:00 opened; 09:30 solved; 11-04 09:00 closed; 11-10 10:00 customer | 11:00 | 90 30 running | 11-11 09:30 | l
free | 11-02 09:00 opened | 12-02 09:00 | 43200 43200 running | - | nothing was promised
office | 2027-02-05 17:00 opened | 2027-02-10 10:00 | 120 120 running | 2027-02-10 17:00 | Seollal on a weekend
office | 2027-09-13 16:00 opened | 2027-09-17 10:00 | 180 180 running | 2027-09-17 16:00 | Chuseok in a week
office | 2027-12-24 16:00 opened | 2027-12-28 09:30 | 150 150 running | 2027-12-28 16:00 | Christmas on a Saturday
office | 06-02 17:00 opened | 06-04 10:00 | 120 120 running | 06-04 17:00 | local elections on a Wednesday
office | 05-22 17:30 opened | 05-26 09:30 | 60 60 running | 05-26 17:30 | Monday in place of Buddha's birthday
office | 07-16 15:00 opened; 16:00 asked; 07-17 10:00 customer | 07-20 10:00 | 120 60 running | 07-20 17:00 | on a holiday
office | 02-15 10:00 opened | 02-19 10:00 | 60 60 running | 02-19 18:00 | on the Sunday before Seollal
office | 11-02 09:00 opened; 10:00 asked; 11:00 merged; 12:00 reopened | 17:00 | 60 60 ended | - | stays merged
half | 11-07 10:00 opened | 12:00 | 120 120 running | 11-09 15:00 | Saturday morning
half | 11-06 17:30 opened | 11-07 09:31 | 61 61 running | 11-09 13:30 | Friday evening and Saturday
half | 12-30 17:00 opened | 2027-01-02 09:30 | 90 90 running | 2027-01-04 12:00 | New Year, half a day
half | 12-26 12:00 opened; 12:30 solved; 2027-01-02 13:00 customer | 2027-01-04 10:00 | 90 30 running | 2027-01-04 17:30 | half
half | 11-07 09:00 opened; 12:00 terms=always | 14:00 | 300 300 running | 11-07 17:00 | handed on at noon
night | 12-31 23:00 opened | 2027-01-01 07:00 | 420 420 running | 2027-01-01 23:00 | over the year
day365 | 2027-02-07 21:00 opened | 2027-02-08 09:00 | 60 60 running | 2027-02-08 16:00 | the evening of Seollal
berlin | 2027-03-25 23:00 opened | 2027-03-30 17:00 | 180 180 running | 2027-03-30 22:00 | Easter, summer time
"""
